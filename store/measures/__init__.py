"""What is counted from the journal and the cache: for the report, the baseline and the screen. It only reads."""
