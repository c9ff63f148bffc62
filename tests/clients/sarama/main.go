// What sarama_test.py asks of sarama, a client in Go, as it is in Debian.
//
//	sarama BROKERS VERSION create TOPIC PARTITIONS
//	sarama BROKERS VERSION write TOPIC CODEC FROM COUNT     one at a time; prints each that was acknowledged
//	sarama BROKERS VERSION read TOPIC                       partition by partition, from the beginning
//	sarama BROKERS VERSION group TOPIC GROUP MEMBERS COUNT  by a group, until there are COUNT different values
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/sarama"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func configuration(version string) *sarama.Config {
	parsed, err := sarama.ParseKafkaVersion(version)
	check(err)
	config := sarama.NewConfig()
	config.Version = parsed
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Retry.Max = 100
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	config.Consumer.Group.Session.Timeout = 6 * time.Second
	if parsed.IsAtLeast(sarama.V0_11_0_0) {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	return config
}

func create(brokers []string, config *sarama.Config, topic string, partitions int) {
	admin, err := sarama.NewClusterAdmin(brokers, config)
	check(err)
	check(admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: 3}, false))
	check(admin.Close())
}

func write(brokers []string, config *sarama.Config, topic string, codec string, from int, count int) {
	codecs := map[string]sarama.CompressionCodec{"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy, "lz4": sarama.CompressionLZ4}
	config.Producer.Compression = codecs[codec]
	producer, err := sarama.NewSyncProducer(brokers, config)
	check(err)
	for i := from; i < from+count; i++ {
		value := strconv.Itoa(i)
		_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder("key" + value),
			Value: sarama.StringEncoder(value)})
		if err == nil {
			fmt.Println(value)
		}
		time.Sleep(5 * time.Millisecond)
	}
	check(producer.Close())
}

func read(brokers []string, config *sarama.Config, topic string) {
	client, err := sarama.NewClient(brokers, config)
	check(err)
	consumer, err := sarama.NewConsumerFromClient(client)
	check(err)
	partitions, err := client.Partitions(topic)
	check(err)
	for _, partition := range partitions {
		end, err := client.GetOffset(topic, partition, sarama.OffsetNewest)
		check(err)
		if end == 0 {
			continue
		}
		messages, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		check(err)
		for offset := int64(0); offset < end; offset++ {
			message := <-messages.Messages()
			if message.Offset != offset || string(message.Key) != "key"+string(message.Value) {
				log.Fatalf("offset %d: %+v", offset, message)
			}
			fmt.Println(string(message.Value))
		}
		check(messages.Close())
	}
}

type members struct {
	mutex sync.Mutex
	seen  map[string]bool
	count int
	done  context.CancelFunc
}

func (*members) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*members) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (m *members) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		m.mutex.Lock()
		m.seen[string(message.Value)] = true
		if len(m.seen) == m.count {
			m.done()
		}
		m.mutex.Unlock()
		session.MarkMessage(message, "")
	}
	return nil
}

func group(brokers []string, config *sarama.Config, topic string, name string, size int, count int) {
	context, done := context.WithTimeout(context.Background(), 60*time.Second)
	all := &members{seen: map[string]bool{}, count: count, done: done}
	var running sync.WaitGroup
	for i := 0; i < size; i++ {
		member, err := sarama.NewConsumerGroup(brokers, name, config)
		check(err)
		running.Add(1)
		go func() {
			defer running.Done()
			for context.Err() == nil {
				if err := member.Consume(context, []string{topic}, all); err != nil {
					time.Sleep(100 * time.Millisecond)
				}
			}
			check(member.Close())
		}()
	}
	running.Wait()
	for value := range all.seen {
		fmt.Println(value)
	}
}

func main() {
	brokers, config, what := strings.Split(os.Args[1], ","), configuration(os.Args[2]), os.Args[4:]
	switch os.Args[3] {
	case "create":
		create(brokers, config, what[0], number(what[1]))
	case "write":
		write(brokers, config, what[0], what[1], number(what[2]), number(what[3]))
	case "read":
		read(brokers, config, what[0])
	case "group":
		group(brokers, config, what[0], what[1], number(what[2]), number(what[3]))
	}
}
