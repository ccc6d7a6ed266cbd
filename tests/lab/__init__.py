"""The lab: a small Internet of real DNS servers in a private network namespace.

`scripts/lab` is the door; README.md has the picture.  The modules, in the order in which one run uses them:

    namespace    enters a network namespace of its own and clears up afterwards
    providers    table: which operators exist, their nameservers and addresses, and how each server behaves
    zones        table: which zones exist, where they are served, what they hold, and what a CA should see
    detours      more of it: zones whose answers are got by a longer way
    proofs       more of it: zones whose answers stand or fall with DNSSEC
    oddities     more of it: servers whose messages are odd, and TLDs in trouble
    topology     joins the two tables: delegations, glue, infrastructure zones, the zone at fault of a name
    signing      keys, DS records and signatures
    servers      configuration files, start, readiness and end of every daemon
    message      messages to take apart and put together
    manners      how the scripted servers spoil a real server's answers
    scripted     the process that is these servers
    relay        lets UDP through to a server, and no TCP
    lossy        a line on which packets get lost and arrive twice
    question     a small DNS client
    names        what Certificate Transparency would hold for the lab: names.tsv
    verify       asks the lab's resolver for every name and compares
    pace         counts the questions at every server address
    own_logs     the same by the logs of the servers that keep them
    compare      caascan on its own beside the resolver, and its pace
    cli          the commands
"""
