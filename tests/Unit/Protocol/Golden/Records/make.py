# Makes the *.bin files of this folder: python3 make.py (needs the zstd and lz4 command line tools). They hold the text of
# sample(n), compressed by another implementation than ours; CodecGoldenTests.cs makes the same text.
import gzip, subprocess, sys

def sample(n):
    words = b"order customer amount shipped pending \xc3\xbcber 2024-01-01T00:00:00Z {\"id\": , ] null true 0.5 line".split(b" ")
    out, x = bytearray(), 12345
    while len(out) < n:
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        if len(out) > 200 and x % 16 != 0:
            at = (x >> 4) % (len(out) - 150)
            out += out[at:at + 30 + (x >> 8) % 120]
            continue
        out += words[(x >> 16) % len(words)]
        if (x >> 8) % 3 == 0:
            out += str((x >> 10) % 10000).encode()
        out += b"\n" if x % 11 == 0 else b" "
    return bytes(out[:n])

def run(name, data, *command):
    open(name, "wb").write(subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout)

small, large = sample(1000), sample(150_000)
open("gzip-1000x2.bin", "wb").write(gzip.compress(small, 9) + gzip.compress(small, 1))
for level in (1, 3, 9, 19):
    run(f"zstd{level}-150000.bin", large, "zstd", f"-{level}", "-c", "--check")
run("zstd-ultra-1000.bin", small, "zstd", "--ultra", "-22", "-c", "--no-check")
run("zstd-fast-1000.bin", small, "zstd", "--fast=5", "-c", "--no-check")
run("lz4-linked-150000.bin", large, "lz4", "-c", "-9", "-B4", "-BD", "-BX", "--content-size", "-")
run("lz4-independent-150000.bin", large, "lz4", "-c", "-B7", "-BI", "-")
