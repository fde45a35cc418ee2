"""Column arithmetic as the brain writes it."""


def compute(a: int, sign: str, b: int) -> int:
    """a sign b for the signs + - *."""
    return a + b if sign == "+" else a - b if sign == "-" else a * b


def column_line(a: int, sign: str, b: int) -> str:
    """Column arithmetic with carry or borrow, e.g.

    "47+38: 7+8=15, 4+3+1=8, 85"; times tables are known: "7*8=56".
    """
    result = compute(a, sign, b)
    if sign == "*":
        return f"{a}*{b}={result}"
    units_a, units_b, tens_a, tens_b = a % 10, b % 10, a // 10, b // 10
    if sign == "+":
        carry = (units_a + units_b) // 10
        units = f"{units_a}+{units_b}={units_a + units_b}"
    else:
        carry = -1 if units_a < units_b else 0
        units_a -= 10 * carry
        units = f"{units_a}-{units_b}={units_a - units_b}"
    tail = "+1" if carry > 0 else "-1" if carry < 0 else ""
    tens = f"{tens_a}{sign}{tens_b}{tail}={compute(tens_a, sign, tens_b) + carry}"
    return f"{a}{sign}{b}: {units}, {tens}, {result}"
