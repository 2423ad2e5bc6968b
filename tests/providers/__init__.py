"""Tests of the parts and messages that streams of the five formats make."""
