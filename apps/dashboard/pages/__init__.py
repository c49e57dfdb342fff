"""The pages, one module each. A page reads, or calls one service; what it shows comes from `reads`."""
