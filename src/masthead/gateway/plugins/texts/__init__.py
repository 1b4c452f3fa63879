"""Where the texts are in the bodies and streams of each dialect, and how they are changed in place."""
