"""The app on a phone that shows a code, which is good for half a minute."""

import time

from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)

HALF_A_MINUTE = 30
# Enough to type it, also on a busy machine.
LONG_ENOUGH = 12


def code_now(secret: str, steps: int = 0) -> str:
    """It is good until the clock goes on, so let it stand still (the fixture `standing_clock`)."""
    [counter] = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, counter + steps))


def fresh_code(secret: str) -> str:
    """For a server, whose clock goes on: of a code that is about to end one waits for the next."""
    left = HALF_A_MINUTE - time.time() % HALF_A_MINUTE
    if left < LONG_ENOUGH:
        time.sleep(left)
    return code_now(secret)
