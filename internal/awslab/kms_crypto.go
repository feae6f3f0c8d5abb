package awslab

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"strings"
)

// cryptoInput are the members of the cryptographic operations.
type cryptoInput struct {
	keyInput
	EncryptionContext     map[string]string
	EncryptionAlgorithm   string
	Plaintext             []byte
	CiphertextBlob        []byte
	KeySpec               string
	NumberOfBytes         *int64
	wantsAlgorithmContext bool
}

// conditions are the condition keys of a request.
func (in *cryptoInput) conditions() []string {
	more := encryptionContext(in.EncryptionContext)
	if in.wantsAlgorithmContext {
		more = append(more, "kms:EncryptionAlgorithm", symmetric)
	}
	return more
}

// encryptionContext is an encryption context as condition keys.
func encryptionContext(context map[string]string) []string {
	var more []string
	for key, value := range context {
		more = append(more, "kms:EncryptionContext:"+key, value, "kms:EncryptionContextKeys", key)
	}
	return more
}

func (in *cryptoInput) check() error {
	if in.EncryptionAlgorithm != "" && in.EncryptionAlgorithm != symmetric {
		return errorf("InvalidKeyUsageException", "The algorithm %s is not compatible with key spec %s.", in.EncryptionAlgorithm, symmetric)
	}
	return nil
}

// additionalData binds a ciphertext to its key and encryption context.
func (k *kmsKey) additionalData(context map[string]string) []byte {
	if len(context) == 0 {
		context = nil
	}
	data, err := json.Marshal(struct {
		Key     string
		Context map[string]string
	}{k.arn, context})
	if err != nil {
		panic(err) // Strings only.
	}
	return data
}

func (k *kmsKey) gcm() cipher.AEAD {
	block, err := aes.NewCipher(k.material[:])
	if err != nil {
		panic(err) // The size is right.
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // The block is AES's.
	}
	return gcm
}

// seal encrypts. The ciphertext names its key, in front.
func (k *kmsKey) seal(plain []byte, context map[string]string) []byte {
	blob := binary.BigEndian.AppendUint16(nil, uint16(len(k.arn))) //nolint:gosec // An ARN is shorter.
	return k.gcm().Seal(append(blob, k.arn...), nil, plain, k.additionalData(context))
}

// sealedBy splits a ciphertext into the ARN of its key and the rest.
func sealedBy(blob []byte) (keyARN string, sealed []byte, ok bool) {
	if len(blob) < 2 || len(blob)-2 < int(binary.BigEndian.Uint16(blob)) {
		return "", nil, false
	}
	end := 2 + int(binary.BigEndian.Uint16(blob))
	return string(blob[2:end]), blob[end:], true
}

// encrypt follows
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html.
func encrypt(c *call, in *cryptoInput) (any, error) {
	if len(in.Plaintext) == 0 || len(in.Plaintext) > 4096 {
		return nil, constraint("plaintext", "Member must have length between 1 and 4096")
	}
	in.wantsAlgorithmContext = true
	k, err := c.cryptoKey(in)
	if err != nil {
		return nil, err
	}
	return struct {
		keyInput
		CiphertextBlob      []byte
		EncryptionAlgorithm string
	}{keyInput{k.arn}, k.seal(in.Plaintext, in.EncryptionContext), symmetric}, nil
}

// generateDataKey follows
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html.
func generateDataKey(c *call, in *cryptoInput) (any, error) {
	size := int64(32)
	switch {
	case (in.KeySpec == "") == (in.NumberOfBytes == nil):
		return nil, errorf("ValidationException", "Please specify either number of bytes or key spec.")
	case in.NumberOfBytes != nil:
		if err := upTo("numberOfBytes", in.NumberOfBytes, 1024); err != nil {
			return nil, err
		}
		size = *in.NumberOfBytes
	case in.KeySpec == "AES_128":
		size = 16
	case in.KeySpec != "AES_256":
		return nil, constraint("keySpec", "Member must satisfy enum value set: [AES_256, AES_128]")
	}
	k, err := c.cryptoKey(in)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, size)
	_, _ = rand.Read(plain)
	return struct {
		keyInput
		CiphertextBlob, Plaintext []byte
	}{keyInput{k.arn}, k.seal(plain, in.EncryptionContext), plain}, nil
}

// cryptoKey finds the key of a request, if the caller may use it and it can be
// used.
func (c *call) cryptoKey(in *cryptoInput) (*kmsKey, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	k, err := c.key(in.KeyID, in.conditions()...)
	if err != nil {
		return nil, err
	}
	return k, k.usable()
}

// decrypt follows
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html: the
// ciphertext names its key, so that the request need not.
func decrypt(c *call, in *cryptoInput) (any, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	keyARN, sealed, ok := sealedBy(in.CiphertextBlob)
	if !ok {
		return nil, errorf("InvalidCiphertextException", "")
	}
	by := c.lab.kms.keys[keyARN]
	in.wantsAlgorithmContext = true
	if in.KeyID != "" {
		k, err := c.key(in.KeyID, in.conditions()...)
		if err != nil {
			return nil, err
		}
		if k != by {
			return nil, errorf("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
		}
	} else {
		if by == nil || by.region != c.region {
			return nil, errorf("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
		}
		if err := c.mayOnKey(by, "Decrypt", pairs(in.conditions()...), ""); err != nil {
			e := asAPIError(err)
			e.Message = strings.Replace(e.Message, "on resource: "+by.arn, "on the resource associated with this ciphertext", 1)
			return nil, e
		}
	}
	if err := by.usable(); err != nil {
		return nil, err
	}
	plain, err := by.gcm().Open(nil, nil, sealed, by.additionalData(in.EncryptionContext))
	if err != nil {
		return nil, errorf("InvalidCiphertextException", "") // KMS does not say why.
	}
	return struct {
		keyInput
		Plaintext           []byte
		EncryptionAlgorithm string
	}{keyInput{by.arn}, plain, symmetric}, nil
}
