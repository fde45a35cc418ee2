"""What null agents know the user's end by."""

from bench.nulls import EndMark, marked


def test_a_marked_end_is_found_at_its_sample_whatever_the_blocks():
    sound = marked(0.5, 1)
    for size in (7, 160, 320, 9000):
        ears = EndMark(16_000)
        assert [end for at in range(0, len(sound), size) for end in ears.hear(sound[at : at + size])] == [
            8000
        ]
