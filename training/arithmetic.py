"""Arithmetic as the brain writes it: a column at a time."""


def compute(a: int, sign: str, b: int) -> int:
    """a sign b for the signs + - *."""
    return a + b if sign == "+" else a - b if sign == "-" else a * b


def column_line(a: int, sign: str, b: int) -> str:
    """Column arithmetic with carry or borrow: "47+38: 7+8=15, 4+3+1=8, 85". Tables are known: "7*8=56".

    A large factor goes digit by digit: "47*8: 7*8=56, 4*8=32, 32+5=37, 376". Below zero the columns are
    those of the numbers changed about: "12-47: below, 7-2=5, 4-1=3, -35". ValueError for what no line does.
    """
    result = compute(a, sign, b)
    if sign == "*" and a <= 12 and b <= 12:
        return f"{a}*{b}={result}"
    if sign == "*":
        large, small = max(a, b), min(a, b)
        if large > 99 or small > 9:
            raise ValueError(f"{a}*{b} has no line: one factor has one digit, the other two at most")
        units, tens = large % 10 * small, large // 10 * small
        steps = [f"{large % 10}*{small}={units}", f"{large // 10}*{small}={tens}"]
        steps.append(f"{tens}+{units // 10}={tens + units // 10}")
        return f"{a}*{b}: {', '.join(steps)}, {result}"
    if a < 0 or b < 0:
        raise ValueError(f"{a}{sign}{b} has no line: no operand is below zero")
    if sign == "-" and a < b:
        return f"{a}{sign}{b}: below, {', '.join(_columns(b, sign, a))}, {result}"
    return f"{a}{sign}{b}: {', '.join(_columns(a, sign, b))}, {result}"


def _columns(a: int, sign: str, b: int) -> list[str]:
    """Units and tens, and hundreds where an operand has them; ten and more tens stay one number else."""
    count, carry, lines = 3 if max(a, b) > 99 else 2, 0, list[str]()
    for column in range(count):
        digit_a, digit_b = a // 10**column, b // 10**column
        if column < count - 1:
            digit_a, digit_b = digit_a % 10, digit_b % 10
        tail = "+1" if carry > 0 else "-1" if carry < 0 else ""
        total = compute(digit_a, sign, digit_b) + carry
        carry = (1 if total > 9 else 0) if sign == "+" else (-1 if total < 0 else 0)
        if sign == "-" and carry:
            digit_a, total = digit_a + 10, total + 10
        lines.append(f"{digit_a}{sign}{digit_b}{tail}={total}")
    return lines
