"""Formats of order-level files, each read into the canonical stream.

How the readers tell the same things; the details are in each one's module.

============  =============  =============  ==========  ==========  ==============
what          LOBSTER        ITCH 5.0       MBO         created/    canonical row
                                                        changed/
                                                        deleted
============  =============  =============  ==========  ==========  ==============
new order     1              A, F           A           created     ``LIMIT``
part taken    2              X              C                       ``CANCEL``
off
removed       3              D              C           deleted     ``CANCEL``
changed                                     M           changed, a  ``MODIFY``
                                                        new price
replaced                     U                                      ``CANCEL``,
                                                                    ``LIMIT``
executed      4              E, C at its    F           changed,    ``IOC`` of the
                             price                      deleted     other side,
                                                        with 0      and its fill
executed out  4              E, C           F           the same    ``AUCTION_FILL``
of turn, in
an auction
hidden        5              P              T without               ``HIDDEN_FILL``
execution                                   F
print of an   6              Q              T without               ``CROSS``
auction                                     a side
halt          7              H                                      ``HALT``
given book    orderbook row                 A with                  ``COLLECT``
                                            F_SNAPSHOT
book cleared                                R                       ``MASS_CANCEL``
============  =============  =============  ==========  ==========  ==============

SSE and SZSE tell orders and trades apart: theirs become orders as they were sent. A
`MappingReader` reads any other feed by a TOML file that says which of these its codes
are. Events of unknown ids stay in the stream and act on no order; whatever is left out,
rounded or odd is counted.
"""
