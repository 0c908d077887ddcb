using Millrace.Protocol.Wire;

namespace Millrace.Unit.Broker.Server;

/// <summary>Counts the bytes that are out, so that a test can say what input may cost.</summary>
sealed class MeasuringPool(BufferPool pool) : BufferPool
{
    readonly Lock _gate = new();
    long _out; // guarded by _gate
    long _peak; // guarded by _gate

    /// <summary>The most bytes that were out at once.</summary>
    public long PeakBytes
    {
        get
        {
            lock (_gate) return _peak;
        }
    }

    public override byte[] Rent(int minimumLength)
    {
        var buffer = pool.Rent(minimumLength);
        lock (_gate)
        {
            _out += buffer.Length;
            _peak = Math.Max(_peak, _out);
        }

        return buffer;
    }

    public override void Return(byte[] buffer)
    {
        lock (_gate) _out -= buffer.Length;
        pool.Return(buffer);
    }
}
