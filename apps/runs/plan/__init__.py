"""The plan of a run as plain values: its graph of steps, and what to do next. Knows neither database nor queue."""
