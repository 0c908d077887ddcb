namespace Millrace.Protocol.Wire;

/// <summary>Bytes from the wire or from a log do not follow the format. The only exception that any decoder of this
/// package throws on hostile input.</summary>
/// <param name="message">What was being read, what was found, and at which byte.</param>
/// <param name="inner">The cause, when a codec of the base class library reported it.</param>
public sealed class WireFormatException(string message, Exception? inner = null) : Exception(message, inner);
