"""What the made-up exchange of the account tests charges: a bit of everything."""

from marsjax.book.fees import fees

FEES = fees(
    maker="-0.0002",
    taker="0.0003",
    auction="0.0001",
    stamp_duty="0.0005",
    maker_per_share="-0.2",
    taker_per_share="0.3",
)
