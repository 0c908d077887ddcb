namespace Millrace.Processing.Hosting;

sealed class ListenerDirectory(IEnumerable<ListenerService> services) : IListeners
{
    public IReadOnlyList<IListenerControl> All { get; } = [.. services];

    public IListenerControl? Find(string groupId) => All.FirstOrDefault(listener => listener.GroupId == groupId);
}
