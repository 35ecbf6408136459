"""Gives the memory that video leaves behind back to the system."""

import ctypes
import gc


def give_back() -> None:
    """Free what ended connections and encoders held; this takes about ten milliseconds.

    Each is a web of objects that refer to each other, which Python collects too seldom while little else is allocated;
    and the C library keeps the memory that decoders free.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
