"""Every address of Hive, by face."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from apps.dashboard.pages.sign_in import admin_door

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", admin_door),
    path("admin/", admin.site.urls),
    path("", include("apps.api.urls")),
    path("", include("apps.dashboard.urls")),
]

# Below /api/ every failure is a problem (RFC 9457), elsewhere a page.
handler400 = "apps.api.problems.bad_request"
handler403 = "apps.api.problems.permission_denied"
handler404 = "apps.api.problems.page_not_found"
handler500 = "apps.api.problems.server_error"
