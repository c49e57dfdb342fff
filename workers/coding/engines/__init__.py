"""How code gets written: one module per engine, behind one port."""
