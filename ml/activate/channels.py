"""What the parts of activation say alike of channels: what each needs, which disturb nobody, and the list of peace."""

from __future__ import annotations

# What a person must have said yes to before a channel may be used; without a word it is a no. A list for the house
# (a shop, a call that answers, nobody at all) needs no more than that the person may be profiled.
NEEDED_CONSENTS: dict[str, tuple[str, ...]] = {
    "email": ("email",),
    "sms": ("sms",),
    "push": ("push",),
    "ads": ("ad_user_data", "ad_personalization"),
}

# Lists on these channels are no messages: nobody is disturbed by standing on one.
NO_MESSAGE = ("ads", "none")

# A limit on all channels together.
ANY_CHANNEL = "any"

# The audience of those who are counted and never contacted.
PEACE_AUDIENCE = "leave_in_peace"
