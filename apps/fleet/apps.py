from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "apps.fleet"
    label = "fleet"

    def ready(self) -> None:
        from apps.fleet.code_orders import order_of_code
        from apps.fleet.orders import ORDERS
        from apps.fleet.test_orders import order_of_tests
        from apps.runs.plan.workflows import CODE_ON_AGENT, ON_AGENTS

        ORDERS.update(dict.fromkeys(ON_AGENTS, order_of_tests))
        ORDERS[CODE_ON_AGENT] = order_of_code
