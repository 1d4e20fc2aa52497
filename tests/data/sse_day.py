"""A small made-up day of Shanghai whose auctions follow from its orders."""

ORDERS = """\
MDTime,OrderType,OrderPrice,OrderQty,OrderBSFlag,OrderNO,ApplSeqNum
09:15:00.030,2,100300,500,1,11,1
09:15:10.000,2,100900,400,1,12,2
09:16:00.000,2,100000,300,2,13,3
09:17:00.000,2,101000,250,2,14,4
09:18:00.000,10,100900,400,1,12,5
09:21:00.000,2,99900,100,1,15,6
09:25:00.000,2,100000,100,2,16,7
09:30:00.000,2,99800,200,1,17,10
10:00:00.000,2,101000,150,1,18,12
11:29:59.990,10,99800,200,1,17,14
13:00:00.000,2,102000,100,2,19,15
14:56:59.990,2,101500,300,2,20,16
14:57:00.000,2,101500,60,2,21,17
14:59:00.000,2,102000,340,1,22,18
14:59:30.000,2,101000,100,2,23,19
"""

TRADES = """\
MDTime,TradeBuyNo,TradeSellNo,TradeBSFlag,TradePrice,TradeQty,ApplSeqNum
09:25:00.010,11,13,0,100300,300,8
09:25:00.010,11,16,0,100300,100,9
10:00:00.000,18,14,1,101000,250,11
10:00:05.000,18,24,2,101000,40,13
15:00:00.010,22,23,0,101500,100,20
15:00:00.010,22,20,0,101500,240,21
"""
# Opening: 9.99 at most for 15, so that 10.00 to 10.03 all trade 400 and leave bids of
# 100; bids press to 10.03. Order 16 is stamped 09:25:00 but came before the auction's
# first trade. Closing: 10.15 to 10.19 trade 340 and leave asks of 120; asks press to
# 10.15. Order 18 was sent as 400, order 24 as 40.
