using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol.Wire;

// Knows which arrays are out, and overwrites what comes back so that use after return shows.
sealed class TrackingPool : BufferPool
{
    readonly HashSet<byte[]> _out = [];

    public int Outstanding => _out.Count;

    public override byte[] Rent(int minimumLength)
    {
        var array = new byte[minimumLength];
        array.AsSpan().Fill(0xcd);
        _out.Add(array);
        return array;
    }

    public override void Return(byte[] buffer)
    {
        if (!_out.Remove(buffer))
            throw new InvalidOperationException("An array came back that was not out.");
        buffer.AsSpan().Fill(0xdd);
    }
}
