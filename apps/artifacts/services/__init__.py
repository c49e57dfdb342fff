"""What changes artifacts. Bytes first, then the row: a row without its bytes never exists."""
