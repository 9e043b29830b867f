"""The key of a memory inside its namespace: free text, or a place of numbers like "4,8,15". Pure."""

import math
import unicodedata


def coordinate_of(text: str) -> str:
    """The one form of a coordinate: numbers without spaces and trailing zeros, else NFC with single spaces.

    Raises ValueError for numbers that are not finite.
    """
    parts = text.split(",")
    if len(parts) > 1:
        try:
            numbers = [float(part) for part in parts]
        except ValueError:
            pass
        else:
            if not all(map(math.isfinite, numbers)):
                raise ValueError("its numbers must be finite")
            return ",".join(str(int(number)) if number.is_integer() else repr(number) for number in numbers)
    return " ".join(unicodedata.normalize("NFC", text).split())
