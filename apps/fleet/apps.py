from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "apps.fleet"
    label = "fleet"

    def ready(self) -> None:
        from apps.fleet.orders import ORDERS
        from apps.fleet.test_orders import order_of_tests
        from apps.runs.plan.workflows import ON_AGENTS

        ORDERS.update(dict.fromkeys(ON_AGENTS, order_of_tests))
