"""Reading files at the same time, in processes that may be lost.

`work` is what is done with a file, `executor` who does it: this process, a pool of processes of our own, or any
`concurrent.futures.Executor`. `pool` feeds the processes and knows which file took one down, `process` starts and ends
them, `serve` is what runs in them, `bounds` is what they may use, `wire` how they speak.
"""
