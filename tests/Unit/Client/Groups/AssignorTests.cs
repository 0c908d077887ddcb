using FsCheck;
using FsCheck.Fluent;
using Millrace.Client.Groups;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Client.Groups;

public sealed class AssignorTests
{
    static readonly PartitionAssignor[] All =
        [PartitionAssignor.Range, PartitionAssignor.RoundRobin, PartitionAssignor.CooperativeSticky];

    [Fact]
    public void Range_gives_contiguous_ranges_and_the_first_members_one_more()
    {
        var result = PartitionAssignor.Range.Assign([Member("b", ["t"]), Member("a", ["t"])], Counts(("t", 5)));

        Assert.Equal(Partitions("t", 0, 1, 2), result["a"]);
        Assert.Equal(Partitions("t", 3, 4), result["b"]);
    }

    [Fact]
    public void Range_orders_static_members_by_instance_id_before_all_others()
    {
        var members = new[]
        {
            Member("a", ["t"]),
            Member("z", ["t"]) with { InstanceId = "1" },
            Member("y", ["t"]) with { InstanceId = "2" },
        };

        var result = PartitionAssignor.Range.Assign(members, Counts(("t", 3)));

        Assert.Equal(Partitions("t", 0), result["z"]);
        Assert.Equal(Partitions("t", 1), result["y"]);
        Assert.Equal(Partitions("t", 2), result["a"]);
    }

    [Fact]
    public void Round_robin_skips_members_that_do_not_subscribe()
    {
        var result = PartitionAssignor.RoundRobin.Assign(
            [Member("a", ["t"]), Member("b", ["t", "u"])], Counts(("t", 2), ("u", 2)));

        Assert.Equal(Partitions("t", 0), result["a"]);
        Assert.Equal([.. Partitions("t", 1), .. Partitions("u", 0, 1)], result["b"]);
    }

    [Fact]
    public void Cooperative_sticky_hands_a_partition_over_only_after_its_holder_gave_it_up()
    {
        var a = Member("a", ["t"]) with { Owned = Partitions("t", 0, 1, 2, 3), Generation = 1 };
        var b = Member("b", ["t"]);

        var first = PartitionAssignor.CooperativeSticky.Assign([a, b], Counts(("t", 4)));
        var second = PartitionAssignor.CooperativeSticky.Assign(
            [a with { Owned = first["a"], Generation = 2 }, b with { Generation = 2 }], Counts(("t", 4)));

        Assert.Equal(2, first["a"].Count);
        Assert.Empty(first["b"]);
        Assert.Equal(first["a"], second["a"]);
        Assert.Equal(2, second["b"].Count);
    }

    [Fact]
    public void Cooperative_sticky_believes_the_newest_generation()
    {
        var a = Member("a", ["t"]) with { Owned = Partitions("t", 0, 1), Generation = 3 };
        var b = Member("b", ["t"]) with { Owned = Partitions("t", 0, 1), Generation = 5 };

        var result = PartitionAssignor.CooperativeSticky.Assign([a, b], Counts(("t", 2)));

        // b keeps one; the other moves to a, but b still holds it.
        Assert.Empty(result["a"]);
        Assert.Single(result["b"]);
    }

    [Fact]
    public void Cooperative_sticky_gives_a_partition_to_nobody_while_two_claim_it_in_one_generation()
    {
        var a = Member("a", ["t"]) with { Owned = Partitions("t", 0), Generation = 5 };
        var b = Member("b", ["t"]) with { Owned = Partitions("t", 0), Generation = 5 };

        var result = PartitionAssignor.CooperativeSticky.Assign([a, b], Counts(("t", 1)));

        Assert.Empty(result["a"]);
        Assert.Empty(result["b"]);
    }

    [Fact]
    public void Every_partition_has_one_owner_who_subscribes_to_it()
    {
        Prop.ForAll(Groups(), group =>
        {
            foreach (var assignor in All)
            {
                var result = Settled(assignor, group);
                var given = result.SelectMany(r => r.Value).ToList();
                var wanted = group.Counts.Where(c => group.Members.Any(m => m.Topics.Contains(c.Key)))
                    .SelectMany(c => Enumerable.Range(0, c.Value).Select(p => new TopicPartition(c.Key, p)));
                if (!given.ToHashSet().SetEquals(wanted) || given.Count != given.Distinct().Count())
                    return false;
                if (group.Members.Any(m => result[m.MemberId].Any(tp => !m.Topics.Contains(tp.Topic))))
                    return false;
            }
            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Cooperative_sticky_ends_balanced_as_far_as_subscriptions_allow()
    {
        Prop.ForAll(Groups(), group =>
        {
            var result = Settled(PartitionAssignor.CooperativeSticky, group);
            // No single move from a member to another that subscribes to the partition's topic makes it more even.
            return group.Members.All(from => group.Members.All(to =>
                result[from.MemberId].Count < result[to.MemberId].Count + 2
                || result[from.MemberId].All(tp => !to.Topics.Contains(tp.Topic))));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Cooperative_sticky_changes_nothing_when_nothing_changed()
    {
        Prop.ForAll(Groups(), group =>
        {
            var before = Settled(PartitionAssignor.CooperativeSticky, group);
            var again = PartitionAssignor.CooperativeSticky.Assign(
                [.. group.Members.Select(m => m with { Owned = before[m.MemberId], Generation = 100 })], group.Counts);
            return group.Members.All(m => before[m.MemberId].SequenceEqual(again[m.MemberId]));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Cooperative_sticky_never_hands_out_what_another_member_claims()
    {
        Prop.ForAll(Groups(), group =>
        {
            var result = PartitionAssignor.CooperativeSticky.Assign(group.Members, group.Counts);
            return group.Members.All(m => result[m.MemberId].All(tp =>
                m.Owned.Contains(tp) || !group.Members.Any(o => o != m && o.Owned.Contains(tp))));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void When_a_member_leaves_the_others_keep_what_they_have()
    {
        Prop.ForAll(Groups(), group =>
        {
            var uniform = group.Members.Select(m => m with { Topics = [.. group.Counts.Keys], Owned = [] }).ToList();
            var before = Settled(PartitionAssignor.CooperativeSticky, group with { Members = uniform });
            var left = uniform.Skip(1).Select(m => m with { Owned = before[m.MemberId], Generation = 100 }).ToList();
            if (left.Count == 0)
                return true;
            var after = PartitionAssignor.CooperativeSticky.Assign(left, group.Counts);
            return left.All(m => before[m.MemberId].All(after[m.MemberId].Contains));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_order_of_the_members_does_not_matter()
    {
        Prop.ForAll(Groups(), group => All.All(assignor =>
        {
            var one = assignor.Assign(group.Members, group.Counts);
            var other = assignor.Assign([.. group.Members.Reverse()], group.Counts);
            return group.Members.All(m => one[m.MemberId].SequenceEqual(other[m.MemberId]));
        })).QuickCheckThrowOnFailure();
    }

    /// <summary>Rounds until nobody has anything to give up; more than a few would be a bug.</summary>
    static Dictionary<string, List<TopicPartition>> Settled(PartitionAssignor assignor, Group group)
    {
        var members = group.Members;
        for (var round = 0; ; round++)
        {
            var result = assignor.Assign(members, group.Counts);
            if (!assignor.IsCooperative || (round > 0 && members.All(m => m.Owned.Count <= result[m.MemberId].Count
                && result.Values.Sum(l => l.Count) == members.Sum(o => o.Owned.Count))))
                return result;
            Assert.True(round < 5, "the group does not settle");
            members = [.. members.Select(m => m with { Owned = result[m.MemberId], Generation = 10 + round })];
        }
    }

    static Arbitrary<Group> Groups() => Gen.Choose(0, int.MaxValue).Select(seed => Make(seed)).ToArbitrary();

    static Group Make(int seed)
    {
#pragma warning disable RS0030 // The seed comes from FsCheck, which prints it.
        var random = new Random(seed);
#pragma warning restore RS0030
        var topics = Enumerable.Range(0, random.Next(1, 5)).ToDictionary(i => $"t{i}", _ => random.Next(0, 9));
        var all = topics.SelectMany(t => Partitions(t.Key, [.. Enumerable.Range(0, t.Value)])).ToList();
        var members = Enumerable.Range(0, random.Next(1, 7)).Select(i => Member(
            $"m{i}", [.. topics.Keys.Where(_ => random.Next(3) > 0).DefaultIfEmpty("t0")]) with
        {
            Owned = [.. all.Where(_ => random.Next(4) == 0)],
            Generation = random.Next(1, 4),
        }).ToList();
        return new Group(members, topics) { Seed = seed };
    }

    static MemberSubscription Member(string id, string[] topics) => new(id, null, topics, [], -1);

    static Dictionary<string, int> Counts(params (string Topic, int Count)[] counts) =>
        counts.ToDictionary(c => c.Topic, c => c.Count);

    static List<TopicPartition> Partitions(string topic, params int[] partitions) =>
        [.. partitions.Select(p => new TopicPartition(topic, p))];

    sealed record Group(IReadOnlyList<MemberSubscription> Members, Dictionary<string, int> Counts)
    {
        public int Seed { get; init; }

        public override string ToString() => $"seed {Seed}";
    }
}
