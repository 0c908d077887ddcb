namespace Millrace.Processing.Listeners;

/// <summary>The lanes that wait for a time, earliest first: a binary heap whose lanes know their place, so that a
/// revoked lease takes its lanes out. Never more than the window; touched only by retries. Loop only.</summary>
sealed class ParkedLanes
{
    readonly List<Lane> _heap = [];

    public int Count => _heap.Count;

    /// <summary>When the first is due; <see cref="long.MaxValue"/> when none waits.</summary>
    public long NextDueMs => _heap.Count == 0 ? long.MaxValue : _heap[0].DueAtMs;

    public Lane this[int index] => _heap[index];

    public void Add(Lane lane, long dueAtMs)
    {
        lane.State = LaneState.Parked;
        lane.DueAtMs = dueAtMs;
        _heap.Add(lane);
        Up(_heap.Count - 1, lane);
    }

    /// <summary>Takes out the first lane that is due.</summary>
    public bool TryTakeDue(long nowMs, out Lane lane)
    {
        if (_heap.Count == 0 || _heap[0].DueAtMs > nowMs)
        {
            lane = null!;
            return false;
        }

        lane = _heap[0];
        Remove(lane);
        return true;
    }

    public void Remove(Lane lane)
    {
        var index = lane.ParkedIndex;
        lane.ParkedIndex = -1;
        var last = _heap[^1];
        _heap.RemoveAt(_heap.Count - 1);
        if (!ReferenceEquals(last, lane))
        {
            Down(index, last);
            Up(last.ParkedIndex, last);
        }
    }

    void Up(int index, Lane lane)
    {
        while (index > 0)
        {
            var parent = (index - 1) / 2;
            if (_heap[parent].DueAtMs <= lane.DueAtMs)
            {
                break;
            }

            Put(index, _heap[parent]);
            index = parent;
        }

        Put(index, lane);
    }

    void Down(int index, Lane lane)
    {
        while (true)
        {
            var child = 2 * index + 1;
            if (child >= _heap.Count)
            {
                break;
            }

            if (child + 1 < _heap.Count && _heap[child + 1].DueAtMs < _heap[child].DueAtMs)
            {
                child++;
            }

            if (_heap[child].DueAtMs >= lane.DueAtMs)
            {
                break;
            }

            Put(index, _heap[child]);
            index = child;
        }

        Put(index, lane);
    }

    void Put(int index, Lane lane)
    {
        _heap[index] = lane;
        lane.ParkedIndex = index;
    }
}
