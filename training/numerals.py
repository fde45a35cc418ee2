"""English number words for 0 to 199 (the closed domain has no larger results)."""

ONES = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


def spell(number: int) -> list[str]:
    """Lower-case words of `number` (0..199), as spoken in the United States: 108 is "one hundred eight"."""
    if not 0 <= number < 200:
        raise ValueError(f"only 0 to 199 can be spelled, not {number}")
    if number >= 100:
        return ["one", "hundred", *(spell(number - 100) if number > 100 else [])]
    if number < 20:
        return [ONES[number]]
    return [TENS[number // 10 - 2], *([ONES[number % 10]] if number % 10 else [])]
