namespace Millrace.Processing.Listeners;

/// <summary>What the engine calls for each record: classification, handler, retry policy and dead letters in
/// one.</summary>
interface IRecordPipeline
{
    /// <summary>Runs one record once. Never throws by contract: a failure is an outcome. If it does throw, the
    /// partition stops (or, when the lease has ended, the record is given up and stays pending).</summary>
    /// <param name="delivery">The record; valid until the outcome is returned, not after.</param>
    /// <param name="cancellation">Cancelled when the lease has ended and its drain time is over.</param>
    ValueTask<Outcome> InvokeAsync(Delivery delivery, CancellationToken cancellation);
}
