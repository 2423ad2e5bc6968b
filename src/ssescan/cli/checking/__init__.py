"""The judgement of `ssescan check`: pure functions over the reads of a stream. Knows no clock and no socket."""
