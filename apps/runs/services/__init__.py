"""Verbs that change runs. One module per verb; every face and every worker calls these."""
