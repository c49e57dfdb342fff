"""Language models: one port, its providers, the budget that every call is held to. Knows no records and no Django."""
