using Millrace.Processing;

namespace Millrace.Orders;

/// <summary>The downstream service did not answer this time.</summary>
sealed class DownstreamUnavailableException(string message) : Exception(message);

/// <summary>Handles one order event: a call to a downstream service that takes 20 ms, and an idempotent
/// write.</summary>
sealed class OrderHandler(OrderStore store, OrdersOptions options, Latencies latencies, TimeProvider clock)
{
    public async Task HandleAsync(OrderEvent order, RecordInfo record, CancellationToken cancellation)
    {
        if (order.Flaky && record.Attempt == 1)
        {
            throw new DownstreamUnavailableException(
                $"The service did not answer for order {order.OrderId}; try again.");
        }

        // The call and the write do not depend on each other, so they run side by side. Both are safe to repeat.
        var downstream = Task.Delay(options.Work, clock, cancellation);
        await store.SaveAsync(record.Partition, record.Offset, order, cancellation);
        await downstream;
        latencies.Add(clock.GetUtcNow().ToUnixTimeMilliseconds() - record.Timestamp.ToUnixTimeMilliseconds());
    }
}
