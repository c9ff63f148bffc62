#include "sim/base/describe.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

using Epoch = StrongId<struct EpochTag, std::int32_t>;

enum class Role : std::uint8_t { leader = 1, follower = 2 };
std::string_view to_string(Role role) {
    return role == Role::leader ? "leader" : "follower";
}
enum class Nameless : std::int16_t { some = -3 };

struct Place {
    std::string topic;
    std::int32_t partition = 0;
    bool operator==(const Place&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("topic", self.topic);
        fields("partition", self.partition);
    }
};

// Prints as one word, because to_string stands beside it.
struct Range {
    std::int32_t low = 0, high = 0;
    bool operator==(const Range&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("low", self.low);
        fields("high", self.high);
    }
};
std::string to_string(const Range& range) {
    return fmt::format("{}..{}", range.low, range.high);
}

struct Everything {
    bool flag = false;
    std::int8_t small = 0;
    std::uint64_t large = 0;
    Role role = Role::leader;
    Nameless nameless = Nameless::some;
    Epoch epoch;
    Time time;
    std::chrono::milliseconds wait{};
    std::string text;
    Bytes bytes;
    std::optional<std::int32_t> maybe;
    std::vector<Place> places;
    std::map<std::string, Epoch> epochs;
    Range range;
    bool operator==(const Everything&) const = default;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("flag", self.flag);
        fields("small", self.small);
        fields("large", self.large);
        fields("role", self.role);
        fields("nameless", self.nameless);
        fields("epoch", self.epoch);
        fields("time", self.time);
        fields("wait", self.wait);
        fields("text", self.text);
        fields("bytes", self.bytes);
        fields("maybe", self.maybe);
        fields("places", self.places);
        fields("epochs", self.epochs);
        fields("range", self.range);
    }
};

Everything any_everything() {
    Everything object;
    object.flag = *rc::gen::arbitrary<bool>();
    object.small = *rc::gen::arbitrary<std::int8_t>();
    object.large = *rc::gen::arbitrary<std::uint64_t>();
    object.role = *rc::gen::element(Role::leader, Role::follower);
    object.epoch = Epoch(*rc::gen::arbitrary<std::int32_t>());
    object.time = Time(Duration(*rc::gen::arbitrary<std::int64_t>()));
    object.wait = std::chrono::milliseconds(*rc::gen::inRange(-1000, 1000));
    object.text = *rc::gen::arbitrary<std::string>();
    object.bytes = *rc::gen::arbitrary<Bytes>();
    if (*rc::gen::arbitrary<bool>()) object.maybe = *rc::gen::arbitrary<std::int32_t>();
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        object.places.push_back({*rc::gen::arbitrary<std::string>(), i});
        object.epochs.emplace(*rc::gen::arbitrary<std::string>(), Epoch(i));
    }
    object.range = {*rc::gen::arbitrary<std::int32_t>(), 9};
    return object;
}

RC_GTEST_PROP(CanonicalEncoding, ReadsBackWhatItWrote, ()) {
    const Everything object = any_everything();
    const Bytes encoded = encode_canonical(object);
    Everything decoded;
    CanonicalDecoder(ByteView(encoded)).value(decoded);
    RC_ASSERT(decoded == object);
    RC_ASSERT(encode_canonical(decoded) == encoded);
}

TEST(CanonicalEncoding, IsLittleEndianWithLengthsOf32Bits) {
    EXPECT_EQ(to_hex(ByteView(encode_canonical(Place{"ab", 0x01020304}))), "02000000616204030201");
    EXPECT_EQ(to_hex(ByteView(encode_canonical(std::optional<std::int16_t>(-2)))), "01feff");
    EXPECT_EQ(to_hex(ByteView(encode_canonical(std::optional<std::int16_t>()))), "00");
    EXPECT_EQ(to_hex(ByteView(encode_canonical(std::vector<Role>{Role::follower}))), "0100000002");
    EXPECT_EQ(to_hex(ByteView(encode_canonical(std::chrono::microseconds(1)))), "e803000000000000");
}

std::uint64_t hash_of(const auto& object, std::uint64_t seed = 0) {
    CanonicalHasher hasher(seed);
    hasher.value(object);
    return hasher.hash();
}

TEST(CanonicalHasher, TellsApartWhatTheCanonicalFormTellsApart) {
    EXPECT_EQ(hash_of(Place{"ab", 1}), hash_of(Place{"ab", 1}));
    EXPECT_NE(hash_of(Place{"ab", 1}), hash_of(Place{"ab", 1}, 1));
    EXPECT_NE(hash_of(Place{"ab", 1}), hash_of(Place{"ab", 2}));
    EXPECT_NE(hash_of(Place{"ab", 1}), hash_of(Place{"ac", 1}));
    EXPECT_NE(hash_of(std::string(9, 'a')), hash_of(std::string(8, 'a') + "b"));
    EXPECT_NE(hash_of(std::string(1, '\0')), hash_of(std::string(2, '\0')));
    EXPECT_NE(hash_of(std::vector<std::string>{"ab", "c"}),
              hash_of(std::vector<std::string>{"a", "bc"}));
    EXPECT_NE(hash_of(std::optional<std::int16_t>(0)), hash_of(std::optional<std::int16_t>()));
}

RC_GTEST_PROP(CanonicalHasher, IsEqualWhereTheBytesAre,
              (const std::vector<std::string>& a, const std::vector<std::string>& b)) {
    RC_ASSERT((hash_of(a) == hash_of(b)) == (encode_canonical(a) == encode_canonical(b)));
}

TEST(CanonicalEncoding, TellsNeighbouringStringsApart) {
    EXPECT_NE(encode_canonical(std::vector<std::string>{"ab", "c"}),
              encode_canonical(std::vector<std::string>{"a", "bc"}));
}

TEST(Printer, WritesEveryKindOfMember) {
    Everything object;
    object.flag = true;
    object.small = -5;
    object.large = 18446744073709551615u;
    object.epoch = Epoch(7);
    object.time = Time(1904ms);
    object.wait = 250ms;
    object.text = "two words";
    object.bytes = {1, 2, 3};
    object.places = {{"orders", 0}, {"payments", 2}};
    object.epochs = {{"a", Epoch(1)}, {"b", Epoch(2)}};
    object.range = {3, 9};
    EXPECT_EQ(print_fields(object),
              "flag=true small=-5 large=18446744073709551615 role=leader nameless=-3 epoch=7 "
              "time=1.904s wait=250ms text=two words bytes=<3 bytes> maybe=- "
              "places=[{topic=orders partition=0} {topic=payments partition=2}] "
              "epochs={a:1 b:2} range=3..9");
    object.maybe = 4;
    EXPECT_NE(print_fields(object).find(" maybe=4 "), std::string::npos);
}

}  // namespace
}  // namespace squall
