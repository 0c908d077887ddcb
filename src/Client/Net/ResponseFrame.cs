using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>An answer whose byte fields borrow from the frame it came in. Whoever holds it releases it once.</summary>
/// <typeparam name="TResponse">The type of the answer.</typeparam>
/// <param name="Body">The answer. Its byte fields are valid until the frame's last reference is released.</param>
/// <param name="Frame">The frame; one reference belongs to the holder, who may retain more.</param>
/// <param name="Version">The version that was spoken.</param>
readonly record struct ResponseFrame<TResponse>(TResponse Body, SharedBuffer Frame, short Version)
{
    public void Release() => Frame.Release();
}
