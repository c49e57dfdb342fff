from django.apps import AppConfig


class CiConfig(AppConfig):
    name = "apps.ci"
    label = "ci"

    def ready(self) -> None:
        from apps.ci.ended import tell
        from apps.ci.orders import order_of_cell
        from apps.ci.services.settle import settle
        from apps.ci.services.submit import resubmit
        from apps.fleet.orders import ORDERS
        from apps.fleet.services.report import SETTLE
        from apps.runs.plan.workflows import CI
        from apps.runs.services.ended import ENDED
        from apps.runs.services.start import AGAIN

        ORDERS[CI] = order_of_cell
        SETTLE[CI] = settle
        AGAIN["ci"] = resubmit
        ENDED["ci"] = tell
