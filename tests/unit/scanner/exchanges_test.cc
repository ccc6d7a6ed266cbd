#include "scanner/engine/exchanges.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/sim/sim_world.h"

namespace caascan::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Writes down what it is told.
struct Recorder final : ExchangeOwner {
  void on_reply(std::uint32_t owner, const AttemptInfo&, wire::Bytes, Instant) override {
    replies.push_back(owner);
  }
  void on_wait_over(std::uint32_t owner, AttemptId, const AttemptInfo& info, Instant) override {
    waits.push_back(owner);
    case_seen = info.saw_case_mismatch;
    question_seen = info.saw_question_mismatch;
  }
  void on_failed(std::uint32_t owner, const AttemptInfo&, Instant) override {
    failures.push_back(owner);
  }
  std::vector<std::uint32_t> replies, waits, failures;
  bool case_seen = false, question_seen = false;
};

class ExchangesTest : public testing::Test {
 protected:
  ExchangesTest() {
    exchanges_.set_owner(owner_);
    server_ = exchanges_.add_server(to_, nullptr, nullptr, nullptr);
  }

  AttemptId start(std::uint32_t owner, Duration wait = seconds(1)) {
    wire::Query query;
    query.name = wire::DnsName::from_text("www.example.com").value();
    query.case_seed = 99;
    return exchanges_.start(server_, query, wait, false, owner);
  }
  // The datagram sent last, as a reply to it, and the socket it came from.
  std::vector<std::uint8_t> reply() {
    const Datagram& last = exchanges_.outbox().datagrams.back();
    socket_ = last.socket;
    std::vector<std::uint8_t> bytes(exchanges_.outbox().bytes.begin() + last.offset,
                                    exchanges_.outbox().bytes.begin() + last.offset + last.octets);
    bytes[2] |= 0x80;
    return bytes;
  }

  Endpoint to_ = Endpoint::parse("192.0.2.1").value();
  sim::SeededEntropy entropy_{1};
  Random random_{entropy_};
  ScanCounts counts_;
  Recorder owner_;
  Exchanges exchanges_{{2, 0}, random_, counts_};
  ServerId server_ = 0;
  std::uint32_t socket_ = 0;
};

TEST_F(ExchangesTest, AMatchingReplyIsDeliveredOnceAndASecondCopyIsLate) {
  start(5);
  exchanges_.advance(Instant{});
  const auto bytes = reply();
  exchanges_.on_datagram(socket_, to_, bytes, Instant(milliseconds(3)));
  exchanges_.on_datagram(socket_, to_, bytes, Instant(milliseconds(4)));
  EXPECT_EQ(owner_.replies, std::vector<std::uint32_t>{5});
  EXPECT_EQ(counts_.late, 1u);
  EXPECT_EQ(exchanges_.live(), 0u);
}

TEST_F(ExchangesTest, NothingThatDoesNotMatchIsBelievedOrEndsTheWait) {
  start(5);
  exchanges_.advance(Instant{});
  const auto good = reply();
  const Instant soon(milliseconds(3));

  auto wrong_id = good;
  wrong_id[1] ^= 1;
  exchanges_.on_datagram(socket_, to_, wrong_id, soon);
  EXPECT_EQ(counts_.mismatch_id, 1u);

  exchanges_.on_datagram(socket_ ^ 1, to_, good, soon);
  EXPECT_EQ(counts_.mismatch_id, 2u);

  Endpoint other_port = to_;
  other_port.port = 54;
  exchanges_.on_datagram(socket_, other_port, good, soon);
  Endpoint other_address = to_;
  other_address.address.octets[3] = 2;
  exchanges_.on_datagram(socket_, other_address, good, soon);
  EXPECT_EQ(counts_.mismatch_address, 2u);

  auto other_case = good;
  for (std::size_t i = 13; i < 16; ++i) other_case[i] ^= 0x20;
  exchanges_.on_datagram(socket_, to_, other_case, soon);
  EXPECT_EQ(counts_.mismatch_case, 1u);

  auto other_question = good;
  other_question[14] = 'z';
  exchanges_.on_datagram(socket_, to_, other_question, soon);
  EXPECT_EQ(counts_.mismatch_question, 1u);

  auto not_reply = good;
  not_reply[2] &= 0x7F;
  exchanges_.on_datagram(socket_, to_, not_reply, soon);
  EXPECT_EQ(counts_.mismatch_not_reply, 1u);

  exchanges_.on_datagram(socket_, to_, wire::Bytes(good.data(), 11), soon);
  EXPECT_EQ(counts_.mismatch_short, 1u);

  EXPECT_TRUE(owner_.replies.empty());
  exchanges_.on_datagram(socket_, to_, good, soon);
  EXPECT_EQ(owner_.replies.size(), 1u);
}

TEST_F(ExchangesTest, MismatchesAreReportedOnlyWhenTheWaitIsOver) {
  start(5);
  exchanges_.advance(Instant{});
  auto other_case = reply();
  for (std::size_t i = 13; i < 16; ++i) other_case[i] ^= 0x20;
  exchanges_.on_datagram(socket_, to_, other_case, Instant(milliseconds(3)));
  EXPECT_TRUE(owner_.waits.empty());
  exchanges_.advance(Instant(milliseconds(1002)));
  EXPECT_EQ(owner_.waits.size(), 1u);
  EXPECT_TRUE(owner_.case_seen);
  EXPECT_FALSE(owner_.question_seen);
}

TEST_F(ExchangesTest, ALateAnswerCountsUntilTheIdDies) {
  start(5);
  exchanges_.advance(Instant{});
  const auto bytes = reply();
  exchanges_.advance(Instant(milliseconds(1002)));
  ASSERT_EQ(owner_.waits.size(), 1u);
  exchanges_.on_datagram(socket_, to_, bytes, Instant(milliseconds(9000)));
  EXPECT_EQ(owner_.replies.size(), 1u);
}

TEST_F(ExchangesTest, AnAnswerAfterTheIdsLifeIsNobodys) {
  start(5);
  exchanges_.advance(Instant{});
  const auto bytes = reply();
  exchanges_.advance(Instant(milliseconds(1002)));
  exchanges_.advance(Instant(seconds(10)));
  exchanges_.on_datagram(socket_, to_, bytes, Instant(milliseconds(10001)));
  EXPECT_TRUE(owner_.replies.empty());
  EXPECT_EQ(counts_.mismatch_id, 1u);
  EXPECT_EQ(exchanges_.live(), 0u);
}

TEST_F(ExchangesTest, AnIdIsNotUsedAgainWhileItIsInQuarantine) {
  std::set<std::pair<std::uint32_t, std::uint32_t>> used;
  for (int i = 0; i < 20000; ++i) {
    const AttemptId attempt = start(1);
    exchanges_.advance(Instant(Duration(i)));
    const auto bytes = reply();
    EXPECT_TRUE(used.insert({socket_, bytes[0] << 8 | bytes[1]}).second);
    exchanges_.outbox().clear();
    exchanges_.abandon(attempt);
  }
}

TEST_F(ExchangesTest, WhenEveryIdIsTakenSendsWaitForTheQuarantineToEnd) {
  const std::uint32_t capacity = 2 * kIdsLiveMax;
  for (std::uint32_t i = 0; i < capacity + 10; ++i) exchanges_.abandon(start(1)), start(1);
  exchanges_.advance(Instant{});
  EXPECT_LE(exchanges_.outbox().datagrams.size(), capacity);
  EXPECT_GT(exchanges_.queued(), 0u);
  exchanges_.outbox().clear();
  exchanges_.advance(Instant(seconds(11)));
  EXPECT_EQ(exchanges_.queued(), 0u);
}

TEST_F(ExchangesTest, AnAbandonedAttemptIsNeverSentNorReported) {
  const AttemptId attempt = start(5);
  exchanges_.abandon(attempt);
  exchanges_.abandon(attempt);
  exchanges_.advance(Instant{});
  EXPECT_TRUE(exchanges_.outbox().datagrams.empty());
  exchanges_.advance(Instant(seconds(30)));
  EXPECT_TRUE(owner_.waits.empty());
  EXPECT_EQ(exchanges_.live(), 0u);
}

TEST_F(ExchangesTest, ADatagramThatTheKernelRefusesFailsItsAttemptAlone) {
  const AttemptId first = start(5);
  start(6);
  exchanges_.advance(Instant{});
  exchanges_.on_send_failed(first, Instant(milliseconds(1)));
  EXPECT_EQ(owner_.failures, std::vector<std::uint32_t>{5});
  exchanges_.advance(Instant(milliseconds(1002)));
  EXPECT_EQ(owner_.waits, std::vector<std::uint32_t>{6});
}

TEST_F(ExchangesTest, TheWaitRunsFromTheSendNotFromTheQueue) {
  Budget slow(1);
  const ServerId paced =
      exchanges_.add_server(Endpoint::parse("192.0.2.9").value(), &slow, nullptr, nullptr);
  wire::Query query;
  query.name = wire::DnsName::from_text("www.example.com").value();
  for (std::uint32_t owner = 0; owner < 4; ++owner)
    exchanges_.start(paced, query, seconds(1), false, owner);
  exchanges_.advance(Instant{});
  EXPECT_EQ(exchanges_.outbox().datagrams.size(), 1u);
  exchanges_.advance(Instant(milliseconds(1002)));
  EXPECT_EQ(owner_.waits.size(), 1u);
  EXPECT_EQ(exchanges_.outbox().datagrams.size(), 1u);
  EXPECT_EQ(exchanges_.next_wake(), Instant(seconds(1) + kPaceSlack));
  exchanges_.advance(Instant(seconds(1) + kPaceSlack));
  EXPECT_EQ(exchanges_.outbox().datagrams.size(), 2u);
}

TEST_F(ExchangesTest, AWaitDuringALossOfOurOwnIsVoidAndTheQuestionIsAskedAgain) {
  start(5);
  exchanges_.advance(Instant{});
  const auto first = reply();
  const std::uint32_t first_socket = socket_;
  exchanges_.on_own_loss(Instant(milliseconds(500)));
  exchanges_.advance(Instant(milliseconds(1002)));
  EXPECT_TRUE(owner_.waits.empty());
  EXPECT_EQ(counts_.timeouts, 0u);
  EXPECT_EQ(counts_.timeouts_voided, 1u);
  ASSERT_EQ(exchanges_.outbox().datagrams.size(), 2u);
  const auto second = reply();
  EXPECT_NE(std::pair(first_socket, std::pair(first[0], first[1])),
            std::pair(socket_, std::pair(second[0], second[1])));
  exchanges_.on_datagram(first_socket, to_, first, Instant(milliseconds(1003)));
  EXPECT_EQ(counts_.late, 1u);
  exchanges_.on_datagram(socket_, to_, second, Instant(milliseconds(1004)));
  EXPECT_EQ(owner_.replies, std::vector<std::uint32_t>{5});
  EXPECT_EQ(exchanges_.live(), 0u);
}

TEST_F(ExchangesTest, AWaitThatBeganAfterTheLossCounts) {
  exchanges_.on_own_loss(Instant(milliseconds(500)));
  start(5);
  exchanges_.advance(Instant(milliseconds(501)));
  exchanges_.advance(Instant(milliseconds(1503)));
  EXPECT_EQ(owner_.waits, std::vector<std::uint32_t>{5});
  EXPECT_EQ(counts_.timeouts_voided, 0u);
}

TEST_F(ExchangesTest, LossThatNeverEndsVoidsABoundedNumberOfWaits) {
  start(5);
  int second = 0;
  for (; owner_.waits.empty() && second < 100; ++second) {
    exchanges_.advance(Instant(second * milliseconds(1010)));
    exchanges_.on_own_loss(Instant(second * milliseconds(1010) + milliseconds(5)));
  }
  EXPECT_EQ(counts_.timeouts_voided, kVoidsMax);
  EXPECT_EQ(counts_.queries_udp, kVoidsMax + 1u);
  EXPECT_EQ(owner_.waits, std::vector<std::uint32_t>{5});
}

TEST_F(ExchangesTest, AnAttemptThatIsAskedAgainCanBeAbandonedInItsQueue) {
  const AttemptId attempt = start(5);
  exchanges_.advance(Instant{});
  exchanges_.outbox().clear();
  exchanges_.on_own_loss(Instant(milliseconds(500)));
  exchanges_.abandon(attempt);
  exchanges_.advance(Instant(milliseconds(1002)));
  EXPECT_TRUE(exchanges_.outbox().datagrams.empty());
  EXPECT_EQ(exchanges_.live(), 0u);
  EXPECT_EQ(exchanges_.on_the_way(), 0u);
}

TEST_F(ExchangesTest, ALossHalvesTheWindowUntilASecondHasPassedWithoutOne) {
  const std::size_t whole = exchanges_.window();
  exchanges_.on_own_loss(Instant(milliseconds(500)));
  EXPECT_EQ(exchanges_.window(), whole / 2);
  exchanges_.on_own_loss(Instant(milliseconds(599)));
  EXPECT_EQ(exchanges_.window(), whole / 2);
  exchanges_.on_own_loss(Instant(milliseconds(600)));
  EXPECT_EQ(exchanges_.window(), whole / 4);
  exchanges_.advance(Instant(milliseconds(1599)));
  EXPECT_EQ(exchanges_.window(), whole / 4);
  exchanges_.advance(Instant(milliseconds(1600)));
  EXPECT_EQ(exchanges_.window(), whole / 2);
  exchanges_.advance(Instant(milliseconds(2600)));
  EXPECT_EQ(exchanges_.window(), whole);
  exchanges_.advance(Instant(milliseconds(9999)));
  EXPECT_EQ(exchanges_.window(), whole);
  for (int i = 0; i < 100; ++i) exchanges_.on_own_loss(Instant(seconds(10 + i)));
  EXPECT_EQ(exchanges_.window(), kWindowMin);
}

// One period after the other, in which the caller sleeps for so long and so many replies come.
class WindowTest : public ExchangesTest {
 protected:
  WindowTest() {
    window_.set_owner(owner_);
    server_ = window_.add_server(to_, nullptr, nullptr, nullptr);
  }
  std::size_t after(Duration slept, std::uint64_t replies) {
    while (window_.has_room()) window_.start(server_, {}, seconds(8), false, 0);
    window_.on_slept(slept);
    counts_.replies += replies;
    window_.advance(Instant(++periods_ * kWindowPeriod));
    return window_.window();
  }
  Exchanges window_{
      {.sockets_v4 = 2, .sockets_v6 = 0, .window_start = 100, .window_max = 500}, random_, counts_};
  int periods_ = 0;
};

TEST_F(WindowTest, GrowsWhereTheCallerSleepsForWantOfRoomAndMoreRepliesCome) {
  EXPECT_EQ(after(kWindowPeriod / 4, 1000), 200u);
  EXPECT_EQ(after(kWindowPeriod / 4, 1100), 400u);
  EXPECT_EQ(after(kWindowPeriod, 2000), 500u);
  EXPECT_EQ(after(kWindowPeriod, 2200), 500u);
}

TEST_F(WindowTest, GrowsByAnEighthWhereTheCallerSleepsALittle) {
  EXPECT_EQ(after(kWindowPeriod / 16 - Duration(1), 1000), 100u);
  EXPECT_EQ(after(kWindowPeriod / 16, 1000), 112u);
  EXPECT_EQ(after(kWindowPeriod / 4 - Duration(1), 1000), 126u);
  for (int i = 0; i < 50; ++i) after(kWindowPeriod / 16, 1000);
  EXPECT_EQ(window_.window(), 500u);
}

TEST_F(WindowTest, DoesNotGrowWhereThereIsRoom) {
  window_.on_slept(kWindowPeriod);
  window_.advance(Instant(kWindowPeriod));
  EXPECT_EQ(window_.window(), 100u);
}

TEST_F(WindowTest, GoesBackWhereMoreQuestionsBringNoMoreReplies) {
  EXPECT_EQ(after(kWindowPeriod, 1000), 200u);
  EXPECT_EQ(after(kWindowPeriod, 1099), 100u);
  for (int i = 1; i < kNotTriedFor / kWindowPeriod; ++i)
    EXPECT_EQ(after(kWindowPeriod, 1000), 100u);
  EXPECT_EQ(after(kWindowPeriod, 1000), 200u);
}

// A question takes as long as two periods here at first, and then nearly four.
TEST_F(WindowTest, IsJudgedWhenTheQuestionsItLetOutHaveHadTimeForAnswers) {
  EXPECT_EQ(after(kWindowPeriod, 50), 200u);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(after(kWindowPeriod, 50), 200u);
  EXPECT_EQ(after(kWindowPeriod, 75), 400u);
  for (int i = 1; i < 8; ++i) EXPECT_EQ(after(kWindowPeriod, 60), 400u);
  EXPECT_EQ(after(kWindowPeriod, 60), 200u);
}

TEST_F(WindowTest, IsNotJudgedWhereMoreIsOnTheWayThanIsLetOut) {
  for (int i = 0; i < 210; ++i) window_.start(server_, {}, seconds(8), false, 0);
  EXPECT_EQ(after(kWindowPeriod, 1000), 200u);
  EXPECT_EQ(after(kWindowPeriod, 500), 400u);
  EXPECT_EQ(after(kWindowPeriod, 500), 200u);
}

TEST_F(WindowTest, ShrinksToWhereItBeganWhileTheCallerNeverSleeps) {
  EXPECT_EQ(after(kWindowPeriod, 1000), 200u);
  EXPECT_EQ(after(kWindowPeriod, 2000), 400u);
  EXPECT_EQ(after(Duration(1), 4000), 400u);
  EXPECT_EQ(after(Duration{}, 4000), 350u);
  for (int i = 0; i < 50; ++i) after(Duration{}, 4000);
  EXPECT_EQ(window_.window(), 100u);
}

// Servers with a window each, as nameservers have it.
class ServerWindowTest : public ExchangesTest {
 protected:
  static constexpr std::size_t kWindow = 400;
  ServerWindowTest() {
    servers_.set_owner(owner_);
    server_ = servers_.add_server(to_, &budget_, nullptr, nullptr);
    other_ =
        servers_.add_server(Endpoint::parse("192.0.2.2").value(), &other_budget_, nullptr, nullptr);
  }
  // From now on, a question every 20 ms for `span`.
  void ask(ServerId server, Duration span, Duration wait = seconds(8)) {
    for (const Instant end = now_ + span; now_ < end; now_ += milliseconds(20)) {
      servers_.start(server, {}, wait, false, 0);
      servers_.advance(now_);
    }
  }
  std::size_t sent_to(const Endpoint& to) {
    return static_cast<std::size_t>(
        std::ranges::count(servers_.outbox().datagrams, to, &Datagram::to));
  }
  std::vector<std::uint8_t> last_reply() {
    const Datagram& last = servers_.outbox().datagrams.back();
    std::vector<std::uint8_t> bytes(servers_.outbox().bytes.begin() + last.offset,
                                    servers_.outbox().bytes.begin() + last.offset + last.octets);
    bytes[2] |= 0x80;
    return bytes;
  }
  Budget budget_{40}, other_budget_{40};
  Exchanges servers_{{.sockets_v4 = 2,
                      .sockets_v6 = 0,
                      .window_start = kWindow,
                      .window_max = kWindow,
                      .window_per_server = true},
                     random_,
                     counts_};
  ServerId other_ = 0;
  Instant now_{seconds(1)};
};

TEST_F(ServerWindowTest, OneServerHasTheQuestionsOfFourSecondsOnTheWay) {
  constexpr auto kHas = static_cast<std::size_t>(40 * kServerWindow_s);
  ask(server_, seconds(7));
  EXPECT_EQ(sent_to(to_), kHas);
  servers_.on_datagram(servers_.outbox().datagrams.back().socket, to_, last_reply(), now_);
  servers_.advance(now_);
  EXPECT_EQ(sent_to(to_), kHas + 1);
  ask(other_, seconds(1));  // is not held up
  EXPECT_GE(sent_to(Endpoint::parse("192.0.2.2").value()), 20u);
  EXPECT_EQ(sent_to(to_), kHas + 1);
}

TEST_F(ServerWindowTest, WaitsForASilentServerAreOutsideAndLeaveRoomForOthers) {
  ask(server_, milliseconds(300), milliseconds(100));
  now_ += seconds(1);
  servers_.advance(now_);
  ASSERT_TRUE(servers_.is_silent(server_));
  EXPECT_EQ(servers_.on_the_way(), 0u);
  ask(server_, seconds(7));
  EXPECT_GE(sent_to(to_), kServerWindowMin);
  EXPECT_EQ(servers_.on_the_way(), 0u);
  // It lives: what it is asked from now on counts.
  servers_.on_datagram(servers_.outbox().datagrams.back().socket, to_, last_reply(), now_);
  EXPECT_FALSE(servers_.is_silent(server_));
  now_ += seconds(1);
  servers_.advance(now_);
  EXPECT_GT(servers_.on_the_way(), 0u);
}

TEST_F(ServerWindowTest, WaitsAtAllSilentServersTogetherAreAQuarterOfTheWindow) {
  std::vector<std::unique_ptr<Budget>> budgets;
  std::vector<ServerId> dead;
  for (int i = 0; i < 20; ++i) {
    budgets.push_back(std::make_unique<Budget>(40.0));
    dead.push_back(servers_.add_server(Endpoint::parse("192.0.3." + std::to_string(i + 1)).value(),
                                       budgets.back().get(), nullptr, nullptr));
    ask(dead.back(), milliseconds(300), milliseconds(100));
  }
  for (int i = 0; i < 20; ++i) servers_.advance(now_ += seconds(1));
  ASSERT_EQ(servers_.queued(), 0u);
  const std::size_t before = servers_.outbox().datagrams.size();
  for (int i = 0; i < 30; ++i) {
    for (const ServerId server : dead) servers_.start(server, {}, seconds(8), false, 0);
    now_ += milliseconds(100);
    servers_.advance(now_);
  }
  EXPECT_EQ(servers_.outbox().datagrams.size() - before, kWindow / kOutsideShare);
  EXPECT_GT(servers_.queued(), 0u);
  EXPECT_EQ(servers_.on_the_way(), 0u);
  // Each that ends makes a place, until all have been asked.
  for (int i = 0; i < 100; ++i) servers_.advance(now_ += seconds(1));
  EXPECT_EQ(servers_.queued(), 0u);
  EXPECT_EQ(servers_.outbox().datagrams.size() - before, 30 * dead.size());
}

TEST_F(ExchangesTest, AWaitThatIsOverCanGoOn) {
  const AttemptId attempt = start(7);
  exchanges_.advance(Instant{});
  EXPECT_FALSE(exchanges_.listen_on(attempt, Instant(seconds(5))));
  exchanges_.advance(Instant(milliseconds(1100)));
  ASSERT_EQ(owner_.waits.size(), 1u);
  ASSERT_NE(exchanges_.find_sent(attempt), nullptr);
  EXPECT_TRUE(exchanges_.listen_on(attempt, Instant(seconds(5))));
  EXPECT_EQ(exchanges_.on_the_way(), 1u);
  exchanges_.advance(Instant(milliseconds(4900)));
  EXPECT_EQ(owner_.waits.size(), 1u);
  exchanges_.advance(Instant(milliseconds(5100)));
  EXPECT_EQ(owner_.waits.size(), 2u);
  EXPECT_EQ(counts_.timeouts, 1u);
  EXPECT_EQ(exchanges_.on_the_way(), 0u);
}

TEST_F(ExchangesTest, SeveralDatagramsAtOnceAreTakenAsOneByOne) {
  for (std::uint32_t i = 0; i < 40; ++i) start(i);
  exchanges_.advance(Instant{});
  std::vector<std::vector<std::uint8_t>> replies;
  std::vector<std::vector<Received>> by_socket(2);
  const Outbox& outbox = exchanges_.outbox();
  for (const Datagram& sent : outbox.datagrams) {
    auto& bytes = replies.emplace_back(outbox.bytes.begin() + sent.offset,
                                       outbox.bytes.begin() + sent.offset + sent.octets);
    bytes[2] |= 0x80;
  }
  const std::vector<std::uint8_t> cut = {1};
  for (std::size_t i = 0; i < replies.size(); ++i) {
    std::vector<Received>& received = by_socket[outbox.datagrams[i].socket];
    received.push_back({to_, replies[i]});
    received.push_back({to_, cut});
    received.push_back({to_, replies[i]});
  }
  for (std::uint32_t socket = 0; socket < 2; ++socket)
    exchanges_.on_datagrams(socket, by_socket[socket], Instant(milliseconds(3)));
  std::ranges::sort(owner_.replies);
  ASSERT_EQ(owner_.replies.size(), 40u);
  for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(owner_.replies[i], i);
  EXPECT_EQ(counts_.late, 40u);
  EXPECT_EQ(counts_.mismatch_short, 40u);
}

// Where bursts are allowed: one socket for all of a moment up to the number given, then another
// draw; ids are drawn for each.
TEST_F(ExchangesTest, DatagramsOfOneMomentShareASocketWhereThatIsAllowed) {
  ExchangeOptions options{.sockets_v4 = 64, .sockets_v6 = 0};
  options.datagrams_per_port = 100;
  Exchanges bursts(options, random_, counts_);
  bursts.set_owner(owner_);
  const ServerId server = bursts.add_server(to_, nullptr, nullptr, nullptr);
  std::set<std::uint32_t> sockets;
  for (int moment = 0; moment < 20; ++moment) {
    for (std::uint32_t i = 0; i < 100; ++i) bursts.start(server, {}, seconds(1), false, i);
    bursts.advance(Instant(milliseconds(moment)));
    std::set<std::uint32_t> of_moment, ids;
    for (const Datagram& datagram : bursts.outbox().datagrams) {
      of_moment.insert(datagram.socket);
      ids.insert(bursts.outbox().bytes[datagram.offset] << 8 |
                 bursts.outbox().bytes[datagram.offset + 1]);
    }
    EXPECT_EQ(bursts.outbox().datagrams.size(), 100u);
    EXPECT_LE(of_moment.size(), 2u);  // an id that is taken costs a draw of the burst
    EXPECT_EQ(ids.size(), 100u);
    sockets.insert(of_moment.begin(), of_moment.end());
    bursts.outbox().clear();
  }
  EXPECT_GT(sockets.size(), 10u);
}

TEST_F(ExchangesTest, WithoutBurstsEachDatagramDrawsItsSocket) {
  ExchangeOptions options{.sockets_v4 = 64, .sockets_v6 = 0};
  Exchanges single(options, random_, counts_);
  single.set_owner(owner_);
  const ServerId server = single.add_server(to_, nullptr, nullptr, nullptr);
  for (std::uint32_t i = 0; i < 100; ++i) single.start(server, {}, seconds(1), false, i);
  single.advance(Instant{});
  std::set<std::uint32_t> sockets;
  for (const Datagram& datagram : single.outbox().datagrams) sockets.insert(datagram.socket);
  EXPECT_GT(sockets.size(), 30u);
}

}  // namespace
}  // namespace caascan::engine
