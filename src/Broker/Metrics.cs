using System.Diagnostics.Metrics;
using Millrace.Protocol;

namespace Millrace.Broker;

/// <summary>The broker's instruments, in the meter <c>Millrace.Broker</c>.</summary>
sealed class Metrics : IDisposable
{
    readonly Meter _meter = new("Millrace.Broker");
    readonly Counter<long> _requests;
    readonly Histogram<double> _duration;
    readonly UpDownCounter<long> _connections;
    readonly Counter<long> _received;
    readonly Counter<long> _sent;

    public Metrics()
    {
        _requests = _meter.CreateCounter<long>("millrace.broker.requests", "{request}", "Requests answered, by API.");
        _duration = _meter.CreateHistogram<double>(
            "millrace.broker.request.duration", "s",
                "From the last byte of a request to its answer being ready, waiting included.");
        _connections =
            _meter.CreateUpDownCounter<long>("millrace.broker.connections", "{connection}", "Open connections.");
        _received = _meter.CreateCounter<long>("millrace.broker.received", "By", "Bytes of requests.");
        _sent = _meter.CreateCounter<long>("millrace.broker.sent", "By", "Bytes of answers.");
    }

    /// <summary>True when somebody listens to request durations: the clock is read only then.</summary>
    public bool WantsDuration => _duration.Enabled;

    public void Answered(ApiKey key, TimeSpan duration)
    {
        if (!_requests.Enabled && !_duration.Enabled) return;
        var tag = new KeyValuePair<string, object?>("messaging.kafka.api", key.ToString());
        _requests.Add(1, tag);
        _duration.Record(duration.TotalSeconds, tag);
    }

    public void Connected() => _connections.Add(1);

    public void Disconnected() => _connections.Add(-1);

    public void Received(long bytes) => _received.Add(bytes);

    public void Sent(long bytes) => _sent.Add(bytes);

    public void Dispose() => _meter.Dispose();
}
