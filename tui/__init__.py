"""The screen. Everything of deskzero that loads Textual is in here, and is told first how often it may paint."""

import os

# Textual looks at this as it is loaded. After each frame it keeps its beat, of which up to two pass before the next:
# at its own 60 frames a second rows that were read 7 ms after the letter that asked for them were painted 30 ms after
# it, because the letter was painted first. Nothing is painted that has not changed.
os.environ.setdefault("TEXTUAL_FPS", "250")
