using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Reads a bit stream from its end to its start. The highest set bit of the last byte marks where it begins.
/// Reading too far is not checked each time: it yields some bits, and <see cref="IsOverrun"/> and
/// <see cref="IsFinished"/> tell.</summary>
ref struct BackwardBits
{
    const int Bits = 64;

    readonly ReadOnlySpan<byte> _bytes;
    ulong _window;
    int _consumed;
    int _start;

    /// <summary>Starts at the end. The bytes must not be empty.</summary>
    public BackwardBits(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        var last = bytes[^1];
        IsBroken = last == 0;
        _consumed = 8 - BitOperations.Log2(last);
        if (bytes.Length >= sizeof(ulong))
        {
            _start = bytes.Length - sizeof(ulong);
            _window = Window.Read64(ref MemoryMarshal.GetReference(bytes), _start);
        }
        else
        {
            for (var i = bytes.Length - 1; i >= 0; i--)
            {
                _window = (_window << 8) | bytes[i];
            }

            // The bytes fill the window's low end; what is above them counts as read.
            _consumed += Bits - (8 * bytes.Length);
        }
    }

    /// <summary>The mark is missing.</summary>
    public bool IsBroken { get; }

    /// <summary>More bits were read than there are.</summary>
    public readonly bool IsOverrun => _consumed > Bits;

    /// <summary>Every bit was read, and none too many.</summary>
    public readonly bool IsFinished => _start == 0 && _consumed == Bits;

    /// <summary>Reads up to 57 bits, if <see cref="Refill"/> was called before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(int count)
    {
        var value = Peek(count);
        _consumed += count;
        return value;
    }

    /// <summary>The next bits without moving on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Peek(int count) => ((_window << _consumed) >> 1) >> (63 - count);

    /// <summary>Moves on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Skip(int count) => _consumed += count;

    /// <summary>Makes at least 57 bits ready, if so many are left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Refill()
    {
        if (_start == 0 || _consumed > Bits)
        {
            return;
        }

        var step = Math.Min(_consumed >> 3, _start);
        _start -= step;
        _consumed -= step * 8;
        _window = Window.Read64(ref MemoryMarshal.GetReference(_bytes), _start);
    }
}
