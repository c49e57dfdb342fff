"""What the pages show, as plain values. Each function costs a fixed number of queries, however much there is."""
