using System.Buffers.Binary;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>The reading half: frames are cut from the stream and handed to the requests that wait for them.</summary>
sealed partial class BrokerConnection
{
    // Small answers come from this buffer by the dozen; the body of a large one is received straight into its own
    // frame.
    const int ReceiveBufferBytes = 64 * 1024;

    async Task ReadLoopAsync()
    {
        var buffer = _runtime.BufferPool.Rent(ReceiveBufferBytes);
        try
        {
            int start = 0, end = 0;
            while (true)
            {
                while (end - start >= Frame.SizePrefix)
                {
                    var size = CheckSize(BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start)));
                    var available = Math.Min(end - start - Frame.SizePrefix, size);
                    var fitsBuffer = size + Frame.SizePrefix <= buffer.Length;
                    if (available < size && fitsBuffer && size < ReceiveBufferBytes / 4)
                    {
                        break;   // small and not whole yet: one more receive brings it
                    }
                    var frame = new SharedBuffer(_runtime.BufferPool, size);
                    buffer.AsSpan(start + Frame.SizePrefix, available).CopyTo(frame.Memory.Span);
                    start += Frame.SizePrefix + available;
                    await FillAsync(frame, available).ConfigureAwait(false);
                    Dispatch(frame);
                }
                if (start > 0)
                {
                    buffer.AsSpan(start, end - start).CopyTo(buffer);
                    end -= start;
                    start = 0;
                }
                var received = await _transport.ReceiveAsync(buffer.AsMemory(end), _closing.Token)
                    .ConfigureAwait(false);
                end += received > 0 ? received : throw Disconnected();
            }
        }
        catch (Exception e)
        {
            Close(Wrap(e));
        }
        finally
        {
            _runtime.BufferPool.Return(buffer);
            await _transport.DisposeAsync().ConfigureAwait(false);
        }
    }

    async ValueTask FillAsync(SharedBuffer frame, int filled)
    {
        try
        {
            while (filled < frame.Length)
            {
                var received = await _transport.ReceiveAsync(frame.Memory[filled..], _closing.Token)
                    .ConfigureAwait(false);
                filled += received > 0 ? received : throw Disconnected();
            }
        }
        catch
        {
            frame.Release();
            throw;
        }
    }

    int CheckSize(int size) => size >= Frame.SizePrefix && size <= _options.MaxResponseBytes
        ? size
        : throw new KafkaConnectionException(
            $"{Broker} sent a frame of {size} bytes; between 4 and {_options.MaxResponseBytes} are accepted "
            + "(ClientOptions.MaxResponseBytes). Is it a Kafka listener, and one without TLS?");

    KafkaConnectionException Disconnected() => new($"{Broker} closed the connection.");

    void Dispatch(SharedBuffer frame)
    {
        var correlation = BinaryPrimitives.ReadInt32BigEndian(frame.Memory.Span);
        PendingRequest? request;
        lock (_gate)
        {
            var isExpected = _inFlight.TryPeek(out request) && request.IsWritten
                && request.CorrelationId == correlation;
            request = isExpected ? _inFlight.Dequeue() : null;
            var now = _runtime.NowMs();
            _lastUsedMs = now;
            _isSlow = false;
            if (_inFlight.Count == 0)
            {
                ArmTimer(now, now + (long)_options.ConnectionMaxIdle.TotalMilliseconds);
            }
        }
        if (request is null)
        {
            frame.Release();
            throw new KafkaConnectionException(
                $"{Broker} sent an answer (correlation id {correlation}) that nobody asked for.");
        }
        request.OnResponse(frame);
    }
}
