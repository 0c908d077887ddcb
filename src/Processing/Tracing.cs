using System.Diagnostics;
using System.Globalization;
using System.Text;
using Millrace.Processing.Listeners;

namespace Millrace.Processing;

/// <summary>
/// One span per run of a handler, in the names of OpenTelemetry's messaging conventions. The creation context in the
/// record's <c>traceparent</c> header is both parent and link, so that backends of either habit join the two.
/// </summary>
static class Tracing
{
    /// <summary>The name to add to a tracer.</summary>
    public const string SourceName = "Millrace.Processing";

    static readonly ActivitySource Source = new(SourceName, typeof(Tracing).Assembly.GetName().Version?.ToString(3));

    /// <summary>Whether anybody listens. Headers are not decoded when nobody does.</summary>
    public static bool IsOn => Source.HasListeners();

    public static Activity? Start(Delivery delivery, string groupId, string handler)
    {
        var parent = ParentOf(delivery);
        var links = parent == default ? null : new[] { new ActivityLink(parent) };
        var activity = Source.StartActivity(
            $"process {delivery.Topic}", ActivityKind.Consumer, parent, null, links);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("messaging.system", "kafka");
            activity.SetTag("messaging.operation.name", "process");
            activity.SetTag("messaging.operation.type", "process");
            activity.SetTag("messaging.destination.name", delivery.Topic);
            activity.SetTag(
                "messaging.destination.partition.id", delivery.Partition.ToString(CultureInfo.InvariantCulture));
            activity.SetTag("messaging.consumer.group.name", groupId);
            activity.SetTag("messaging.kafka.offset", delivery.Offset);
            activity.SetTag("millrace.handler", handler);
            activity.SetTag("millrace.attempt", delivery.Attempt);
            if (!delivery.IsKeyNull)
            {
                activity.SetTag("messaging.kafka.message.key", Encoding.UTF8.GetString(delivery.Key.Span));
            }

            if (delivery.IsValueNull)
            {
                activity.SetTag("messaging.kafka.message.tombstone", true);
            }
        }

        return activity;
    }

    /// <summary>Notes what the user's code threw.</summary>
    public static void Failed(Activity? activity, Exception exception)
    {
        if (activity?.Source == Source)
        {
            activity.SetTag("error.type", exception.GetType().FullName);
            activity.SetStatus(ActivityStatusCode.Error, exception.Message);
        }
    }

    public static void Finish(Activity? activity, Outcome outcome) =>
        activity?.SetTag("millrace.outcome", outcome.Kind.ToString());

    static ActivityContext ParentOf(Delivery delivery)
    {
        string? parent = null;
        string? state = null;
        foreach (var header in delivery.Headers)
        {
            // The last of each counts: a replay or a retry that appended instead of replacing is read as it meant.
            if (header.Key == "traceparent" && header.Value is { } value)
            {
                parent = Encoding.ASCII.GetString(value.Span);
            }
            else if (header.Key == "tracestate" && header.Value is { } text)
            {
                state = Encoding.ASCII.GetString(text.Span);
            }
        }

        return ActivityContext.TryParse(parent, state, isRemote: true, out var context) ? context : default;
    }
}
