using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;

namespace Millrace.Processing.DeadLetters;

/// <summary>A record that is given up on, and why.</summary>
/// <param name="Delivery">The record.</param>
/// <param name="Failure">The decision that led here.</param>
/// <param name="Attempts">How often the handler was called.</param>
/// <param name="FailedAt">When the last call failed.</param>
/// <param name="Handler">The handler's name.</param>
/// <param name="GroupId">The consumer group.</param>
readonly record struct DeadLetterArguments(
    Delivery Delivery, RetryArguments Failure, int Attempts, DateTimeOffset FailedAt, string Handler, string GroupId);
