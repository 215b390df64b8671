from collections import Counter
from scenario import *
def test_profile(scenario):
    w=scenario
    w.settle((w.buy(0,2500,1,fee=500),(w.sell(1,2500,1),1)))
    for groups in ([], [(w.buy(2,2500,1000,fee=500),(w.sell(3,2500,1000,fee=100),400))]):
        o=w.settle(*groups)
        t=w.rpc("debug_traceTransaction", o.receipt["transactionHash"].to_0x_hex(), {"disableStack":True,"disableStorage":True,"disableMemory":True})
        c=Counter();n=Counter()
        for s in t["structLogs"]: c[s["op"]]+=s["gasCost"]; n[s["op"]]+=1
        print(o.gas, sum(c.values()), len(t["structLogs"]))
        for k,v in c.most_common(22): print("  ",k,v,n[k])
