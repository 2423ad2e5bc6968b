"""Attacks of hostile servers, and the limits that hold against them."""
