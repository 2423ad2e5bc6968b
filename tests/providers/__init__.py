"""What a model said: the parts and messages that streams of the five formats give."""
