using System.Text.Json.Serialization;

namespace Millrace.Orders;

/// <summary>One event of one order, as it travels in <c>order.events</c>. The record's key is the order id.</summary>
/// <param name="OrderId">The order, for example <c>o-42-000017</c>.</param>
/// <param name="Sequence">The number of the event within its order, from 1.</param>
/// <param name="Customer">Who ordered.</param>
/// <param name="AmountCents">The amount, in cents.</param>
/// <param name="Flaky">True when the downstream service fails the first attempt of this event.</param>
sealed record OrderEvent(
    [property: JsonRequired] string OrderId,
    int Sequence,
    [property: JsonRequired] string Customer,
    [property: JsonRequired] long AmountCents,
    bool Flaky = false);

/// <summary>Source-generated JSON: no reflection, and field names as producers in other languages write them.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OrderEvent))]
sealed partial class OrdersJson : JsonSerializerContext;
