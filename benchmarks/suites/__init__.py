"""Measurements, one file a layer; `measure.py` says how, `payloads.py` has the streams, `readers.py` the peers."""
