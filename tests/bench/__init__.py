"""What scripts/bench measures, and what it measures against.

    cli          the command: options, the namespace, one point after the other
    namespace    a network namespace of its own, servers and measured programs in it
    measure      runs one program and says what it took
    wire         points: wire, forged
    internet     the fake Internet, and caascan, or massdns with Unbound, upon it
    iterate      points on the fake Internet: iterate, head-of-line, polite, flat, threads
    table        the table, and whether a limit is kept
"""
