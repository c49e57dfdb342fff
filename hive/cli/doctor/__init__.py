"""`hive doctor`: looks at every part that Hive stands on and names what to do. Nothing that it does stays behind."""
