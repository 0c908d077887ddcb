using Millrace.Client.Routing;
namespace Millrace.Client.Produce;
/// <summary>S</summary>
public sealed class Producer { internal Producer(ClientCore c, ProducerOptions o) { } }
/// <summary>S</summary>
public sealed record ProducerOptions { }
