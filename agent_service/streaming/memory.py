"""What video leaves behind in memory, given back to the system."""

import ctypes
import gc


def give_back() -> None:
    """Let go of what ended connections and encoders held; it takes some ten milliseconds.

    Each is a web of objects that refer to each other, for which Python looks too seldom where little else is made and
    thrown away; and what decoders free, the C library keeps for itself.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
    if trim is not None:
        trim(0)
