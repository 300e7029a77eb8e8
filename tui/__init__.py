"""The screen. Everything of deskzero that loads Textual is in here, and is told first how often it may paint."""

import os

# Textual looks at this as it is loaded. At its own 60 frames a second a row that was read 3 ms after the letter that
# asked for it is painted 17 ms after it, because the letter was painted first.
os.environ.setdefault("TEXTUAL_FPS", "120")
