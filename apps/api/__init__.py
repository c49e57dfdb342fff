"""The face for programs: DRF views, one module per noun.

A request passes: problems (one exception handler), auth (who asks, and what their key may), limits (how often),
caller (whose things exist for them), and then a view of a few lines over the apps' services and queries.
"""
